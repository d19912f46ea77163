namespace BlazeGateway.EndToEnd.Operations;

/// <summary>Tests that measure how long something takes run one after another, when all others have ended.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
