"""Launch commands of an engine that people have, read as data: as keys of a stack, and beside a plan's own arguments"""
