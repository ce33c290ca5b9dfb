/** A part of the page that it imports before any service worker sees it. */
export const answerOf = (py) => py.runPython('import ferropy_needy, ferropy_tool; ferropy_tool.main()');
