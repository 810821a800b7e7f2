"""The size of a voxel as files say it: one module a vendor or format."""
