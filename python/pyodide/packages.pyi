# Packages of the running interpreter.

__all__: list[str]

def unload(name: str) -> None: ...
