"""Packing: from a folder to archive, files and manifest, on the publisher's machine (protocol sheet §5).

Pure where it can be: reading a folder and writing temporary files is all that it does to the world. It knows no server.
"""
