"""The serving side of Matter: endpoints, behaviors, commissioning, persistence."""
