"""One module a family of images: the program that its containers run."""
