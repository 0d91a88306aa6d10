"""Write the consolidated report over stored results."""

from _start import start

if __name__ == "__main__":
    start("report")
