export interface PythonRuntime { runPython(code: string): unknown }
