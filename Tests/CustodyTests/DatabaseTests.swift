// The parent of all suites of this module that need the server.

import TestServers
import Testing

/// Declared in each module: a test's name begins with the module of its outermost suite, and the
/// module's filter must find it.
@Suite(.serialized, .sharedCluster, .timeLimit(.minutes(5))) enum DatabaseTests {}
