"""The rules: one file each, named after its id, in a folder a service. Found by walking; they import the model only."""
