"""What the logs come to: rows and figures that could be deleted and made again from them. Pure folds."""
