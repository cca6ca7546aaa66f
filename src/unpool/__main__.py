"""`python -m unpool` is the command line."""

from unpool.cli.main import main

if __name__ == "__main__":
    main()
