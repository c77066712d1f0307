"""The compiled core: n-gram counting, sparse products and the linear solver, and which of it is here."""
