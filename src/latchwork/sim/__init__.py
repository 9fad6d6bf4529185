"""A virtual home: locks, controller and the air between them."""
