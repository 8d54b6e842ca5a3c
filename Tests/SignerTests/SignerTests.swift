import Testing

@testable import Signer
