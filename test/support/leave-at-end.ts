// Required by each test process. Node 24 may spin for ever while it cleans up after a natural end, in wait for a request
// that never ends (node::Environment::CleanupHandles, seen after tests that had passed): so a process that has nothing left
// to do leaves without cleaning up, as process.exit() does, which ava takes for a failure.
const { reallyExit } = process as unknown as { reallyExit(code: number): never };

process.once('exit', (code) => reallyExit.call(process, code));
