internal import Crypto
internal import AsyncHTTPClient
