"""One module a family of files: each turns a file into documents, labelled sentences and rejections."""
