"""What the tools train, test and infer do; the tools themselves only read arguments."""
