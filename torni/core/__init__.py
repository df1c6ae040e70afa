"""What every room needs and no more: languages, faults told to people, and where files are."""
