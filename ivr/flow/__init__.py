"""The dialogue language: model, loader, linter and the pure machine. No I/O anywhere below this folder."""
