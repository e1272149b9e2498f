"""What is true of an order: the schema, the facts of a record, and one function per feature."""
