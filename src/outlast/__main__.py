"""`python -m outlast` is the same as `outlast`."""

from outlast.cli import main

if __name__ == "__main__":
    main()
