using System.Collections.Immutable;
using BlazeGateway.Policies;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Configuration.Detection;

/// <summary>What was found at one <c>--backend</c>.</summary>
internal sealed record DetectedBackend
{
    /// <summary>Destination id made of host and port.</summary>
    public required string Id { get; init; }

    /// <summary>The destination's address, ending in <c>/</c>.</summary>
    public required Uri Address { get; init; }

    /// <summary>One of <see cref="ModelServerKinds.All"/>.</summary>
    public string Kind { get; init; } = ModelServerKinds.Generic;

    /// <summary>Whether it answers.</summary>
    public DestinationAnswer Answer { get; init; }

    /// <summary>Status code of its list of models; 0 when there was no answer.</summary>
    public int StatusCode { get; init; }

    /// <summary>Models it lists; empty when it lists none or does not tell.</summary>
    public ImmutableArray<ModelEntry> Models { get; init; } = [];

    /// <summary>Whether it may list models later, when it answers, takes a credential or has loaded some. False: it answers and has no list.</summary>
    public bool MayTellModels { get; init; } = true;

    /// <summary>Whether it told its models.</summary>
    public bool IsTold => Models.Length > 0;

    /// <summary>Whether <see cref="Kind"/> is what it is and not what is supposed for want of an answer.</summary>
    public bool IsKindKnown => Kind != ModelServerKinds.Generic || Answer == DestinationAnswer.Answering;

    /// <summary>Requests it runs at a time (llama.cpp's slots, TGI's concurrent requests); null when it does not say.</summary>
    public int? Slots { get; init; }

    /// <summary>Longest context of its first model, tokens; null when it does not say.</summary>
    public int? ContextTokens { get; init; }

    /// <summary>One line for the user: what it is, or what is wrong and what to do.</summary>
    public string Message { get; init; } = "";
}
