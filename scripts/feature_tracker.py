"""Ask the feature tracker: list, show, compare, export or why-dropped."""

from _start import start

if __name__ == "__main__":
    start("features")
