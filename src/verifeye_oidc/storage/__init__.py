"""What is kept, behind small typed ports; one adapter per database."""
