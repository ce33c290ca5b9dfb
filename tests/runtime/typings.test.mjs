/** The stubs in `typings/` say of Python's modules what is so: names, parameters, members of proxies. */
import { test } from '../harness/body.mjs';

const OPTIONS = { only: { node: 'host paths exist only in Node' }, skip: { peer: 'tests ours' } };

/** Reads the stubs below ROOT; `complaints` has a line for each difference between one and its module. */
const READER = String.raw`
import ast, importlib, inspect, pathlib

def read(name):
    path = pathlib.Path(ROOT, *name.split("."))
    stub = path / "__init__.pyi" if path.is_dir() else path.with_suffix(".pyi")
    return ast.parse(stub.read_text()).body

def modules():
    for path in sorted(pathlib.Path(ROOT).rglob("*.pyi")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

def names(body):
    """The public names that statements of a stub define, with the statements."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        else:
            continue
        alias = isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias"
        if not name.startswith("_") and not alias:
            yield name, node

def decorators(node):
    return {ast.unparse(decorator) for decorator in node.decorator_list}

def written(node):
    """A stub's parameters as (kind, name, whether there is a default)."""
    args = node.args
    places = [*args.posonlyargs, *args.args]
    given = len(places) - len(args.defaults)
    for index, arg in enumerate(places):
        kind = "POSITIONAL_ONLY" if index < len(args.posonlyargs) else "POSITIONAL_OR_KEYWORD"
        yield kind, arg.arg, index >= given
    if args.vararg:
        yield "VAR_POSITIONAL", args.vararg.arg, False
    for arg, default in zip(args.kwonlyargs, args.kw_defaults):
        yield "KEYWORD_ONLY", arg.arg, default is not None
    if args.kwarg:
        yield "VAR_KEYWORD", args.kwarg.arg, False

def actual(function):
    for parameter in inspect.signature(function).parameters.values():
        yield parameter.kind.name, parameter.name, parameter.default is not parameter.empty

def same_parameters(node, function, where):
    if isinstance(function, staticmethod | classmethod):
        function = function.__func__
    if not inspect.isfunction(function):
        return
    stub, real = [*written(node)], [*actual(function)]
    if "overload" in decorators(node):
        # An overload may leave out what has a default.
        if [p[1] for p in stub] != [p[1] for p in real][: len(stub)]:
            yield f"{where}: an overload has {stub}, the function {real}"
    elif stub != real:
        yield f"{where}: the stub has {stub}, the function {real}"

def complaints(name):
    module, body = importlib.import_module(name), read(name)
    for node in body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            listed = ast.literal_eval(node.value)
            if sorted(listed) != sorted(module.__all__):
                yield f"{name}.__all__: {set(listed) ^ set(module.__all__)}"
            defined = {name for name, _ in names(body)}
            defined |= {alias.name for n in body if isinstance(n, ast.ImportFrom) for alias in n.names}
            for missing in set(listed) - defined:
                yield f"{name}: the stub does not define {missing}"
    for member, node in names(body):
        where = f"{name}.{member}"
        if not hasattr(module, member):
            yield f"{where} does not exist"
        elif isinstance(node, ast.ClassDef):
            cls = getattr(module, member)
            for method, definition in names(node.body):
                if not isinstance(definition, ast.AnnAssign) and hasattr(cls, method):
                    yield from same_parameters(definition, inspect.getattr_static(cls, method), f"{where}.{method}")
            for base in node.bases:
                if isinstance(base, ast.Name) and hasattr(module, base.id):
                    if not issubclass(cls, getattr(module, base.id)):
                        yield f"{where} is no {base.id}"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from same_parameters(node, getattr(module, member), where)

def missing_members(name, samples):
    """Members of a stub's classes that a value of the class lacks."""
    for cls, node in names(read(name)):
        if cls in samples:
            for member, _ in names(node.body):
                if not hasattr(samples[cls], member):
                    yield f"{cls}.{member}"
`;

/** An interpreter that has read the distribution's stubs. */
async function reader(load, t) {
  const py = await load();
  py.mountNodeFS('/typings', `${t.env.distDir}/typings`);
  t.after(() => py.FS.unmount('/typings'));
  py.runPython(`ROOT = "/typings"\n${READER}`);
  return py;
}

test('each module has the names and parameters of its stub', OPTIONS, async (load, t) => {
  const py = await reader(load, t);
  const modules = py.runPython('[*modules()]').toJs();
  t.ok(modules.length > 8, `only ${modules}`);
  for (const name of ['js', 'pyodide', 'pyodide.code', 'pyodide.ffi', 'pyodide.webloop', 'pyodide_js']) {
    t.ok(modules.includes(name), `${name} has no stub`);
  }
  const found = py.runPython('[line for name in modules() for line in complaints(name)]').toJs();
  t.same(found, []);
});

test('each public module has a stub', OPTIONS, async (load, t) => {
  const py = await reader(load, t);
  const without = py.runPython(`
    import pkgutil, pyodide
    found = pkgutil.walk_packages(pyodide.__path__, "pyodide.")
    public = {name for _, name, _ in found if not name.rpartition(".")[2].startswith("_")}
    sorted(public - set(modules()))
  `);
  t.same(without.toJs(), []);
});

test('proxies have the members that the stub promises', OPTIONS, async (load, t) => {
  const py = await reader(load, t);
  const samples = {
    JsProxy: {},
    JsArray: [1],
    JsTypedArray: new Uint8Array(2),
    JsBuffer: new ArrayBuffer(2),
    JsMap: new Map(),
    JsMutableMap: new Map(),
    JsPromise: Promise.resolve(1),
    JsCallable: () => 1,
    JsIterable: new Set(),
    JsIterator: [][Symbol.iterator](),
    JsGenerator: (function* () {})(),
    JsAsyncGenerator: (async function* () {})(),
    JsWeakRef: new WeakRef({}),
    JsException: new Error('x'),
    JsFetchResponse: new Response(''),
  };
  py.globals.set('given', samples);
  const found = py.runPython(`
    from pyodide.ffi import create_once_callable, create_proxy
    samples = {name: getattr(given, name) for name in dir(given) if name.startswith("Js")}
    samples["JsDoubleProxy"] = create_proxy({})
    samples["JsCallableDoubleProxy"] = create_proxy(print)
    samples["JsOnceCallable"] = create_once_callable(print)
    try:
        found = [*missing_members("pyodide.ffi", samples)]
    finally:
        for name in ("JsDoubleProxy", "JsCallableDoubleProxy", "JsOnceCallable"):
            samples[name].destroy()
    found
  `);
  t.same(found.toJs(), []);
});

test('a stub that differs is found', OPTIONS, async (load, t) => {
  const py = await load();
  py.FS.mkdirTree('/wrong/pyodide');
  py.FS.writeFile(
    '/wrong/pyodide/code.pyi',
    `__all__ = ["eval_code", "find_imports"]
def find_imports(text: str) -> list[str]: ...
def should_quiet(source: str) -> bool: ...
def eval_codes() -> None: ...
`,
  );
  py.runPython(`ROOT = "/wrong"\n${READER}`);
  const found = py.runPython('"\\n".join(complaints("pyodide.code"))');
  for (const part of ['__all__', 'define eval_code', "'text'", 'POSITIONAL_ONLY', 'eval_codes does not exist']) {
    t.ok(found.includes(part), `${part} is not in ${found}`);
  }
});
