"""What an engine's wheel says of its own flags, held against what the program knows of them."""
