"""The code of the tools train, test, infer and benchmark, which only read arguments themselves."""
