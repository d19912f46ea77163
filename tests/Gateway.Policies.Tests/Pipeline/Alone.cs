namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>Tests that count what the whole process allocates; no other test runs meanwhile.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
