"""Check that this installation works, in seconds."""

from _start import start

if __name__ == "__main__":
    start("doctor")
