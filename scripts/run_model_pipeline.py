"""Run the whole pipeline: features, experiment matrix, consolidated report."""

from _start import start

if __name__ == "__main__":
    start("run")
