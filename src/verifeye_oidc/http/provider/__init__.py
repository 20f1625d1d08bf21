"""The provider's endpoints: thin, one file each."""
