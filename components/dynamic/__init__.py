"""Resources whose code runs in the engine's dynamic provider process, which unpickles them without plan or settings."""
