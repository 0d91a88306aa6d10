"""Run the experiment matrix and store its results, without a report."""

from _start import start

if __name__ == "__main__":
    start("experiments")
