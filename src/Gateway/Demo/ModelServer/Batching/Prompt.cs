namespace BlazeGateway.Demo.ModelServer.Batching;

/// <summary>A prompt as the engine sees it: a length and the chained hashes of its full blocks.</summary>
/// <param name="Tokens">Length in tokens, one per started four bytes.</param>
/// <param name="BlockHashes">Hash of each full block, chained with the one before, so equal hashes mean equal prefixes.</param>
/// <param name="Fingerprint">Hash of the whole prompt, model and cache salt included.</param>
internal readonly record struct Prompt(int Tokens, ulong[] BlockHashes, ulong Fingerprint);
