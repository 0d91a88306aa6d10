"""Train models under one split and show their scores."""

from _start import start

if __name__ == "__main__":
    start("train")
