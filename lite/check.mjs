/**
 * Runs lite/scenario.py under Pyodide, the Python of JupyterLite, in node: without threads, and without the
 * compiled packages that a page would fetch. Arguments: pyodide's folder, the sources, the pure-Python packages.
 */
import { pathToFileURL } from "node:url";

const [folder, sources, packages] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: `${folder}/` });
for (const [here, there] of [["/sources", sources], ["/packages", packages]]) {
  pyodide.FS.mkdirTree(here);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: there }, here);
}
const printed = await pyodide.runPythonAsync(`
import sys
sys.path[:0] = ["/sources", "/sources/lite"]
sys.path.append("/packages")
import scenario
await scenario.main()
`);
process.stdout.write(`${printed}\n`);
