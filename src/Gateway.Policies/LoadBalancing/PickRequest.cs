using System.Runtime.CompilerServices;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using Microsoft.AspNetCore.Http;

namespace BlazeGateway.Policies.LoadBalancing;

/// <summary>What a strategy may ask of the request it picks for.</summary>
internal readonly ref struct PickRequest
{
    private readonly ref readonly InferenceFacts _facts;
    private readonly ref PickNote _note;
    private readonly bool _isRead;

    /// <summary>A request whose body was not read.</summary>
    public PickRequest(HttpContext http, Client client)
    {
        Http = http;
        Client = client;
    }

    /// <summary>A request whose body was not read, and what comes of it is told.</summary>
    public PickRequest(HttpContext http, Client client, ref PickNote note)
        : this(http, client) => _note = ref note;

    /// <summary>A request that is sent from code, not passed on.</summary>
    public PickRequest(HttpRequestMessage message, ref PickNote note)
    {
        Message = message;
        _note = ref note;
    }

    /// <summary>An inference request.</summary>
    public PickRequest(HttpContext http, Client client, ref PickNote note, ref readonly InferenceFacts facts)
        : this(http, client, ref note)
    {
        _facts = ref facts;
        _isRead = true;
    }

    /// <summary>The request; null when it is sent from code.</summary>
    public HttpContext? Http { get; }

    /// <summary>The request sent from code; null when it is passed on.</summary>
    public HttpRequestMessage? Message { get; }

    /// <summary>Who sent it; without id when nobody asked.</summary>
    public Client Client { get; }

    /// <summary>Whether what comes of the pick is told to its note.</summary>
    public bool IsFollowed => !Unsafe.IsNullRef(ref _note);

    /// <summary>Where a strategy keeps what it thought; only when <see cref="IsFollowed"/>.</summary>
    public ref PickNote Note => ref _note;

    /// <summary>Hash of the name of the model asked for, 0 when none is.</summary>
    public ulong Model { get; init; }

    /// <summary>What it brings a destination to do, as far as that is known.</summary>
    public RequestWork Work { get; init; }

    /// <summary>Chain of the prompt's blocks, empty when nobody asked for it.</summary>
    public ReadOnlySpan<ulong> Prefix { get; init; }

    /// <summary>Where it is told what was compared; null when decisions are not recorded.</summary>
    public DecisionSlot? Record { get; init; }

    /// <summary>Hash of what its conversation begins with, 0 when nobody asked for it.</summary>
    public ulong Opening { get; init; }

    /// <summary>Bytes of the prompt.</summary>
    public int PromptBytes => _isRead ? _facts.PromptBytes : 0;

    /// <summary>Tokens a prompt has on average, 0 when nobody knows.</summary>
    public double UsualPrompt { get; init; }

    /// <summary>Prompt tokens that <paramref name="destination"/> has to compute: those that it is not expected to have in its cache.</summary>
    /// <param name="destination">The destination.</param>
    /// <param name="guess">Blocks that another destination has; set to those this one has. Begin with <see cref="int.MaxValue"/>.</param>
    public int OwnTokens(DestinationLoad destination, ref int guess)
    {
        var tokens = Work.PromptTokens;
        if (Prefix.IsEmpty)
        {
            return tokens;
        }

        var blocks = destination.Prefix.Match(Prefix, guess);
        if (blocks == 0)
        {
            return tokens;
        }

        guess = blocks;
        return Math.Max(1, tokens - destination.Prefix.TokensOf(blocks, PromptBytes));
    }

    /// <summary>Hash of <c>prompt_cache_key</c>, 0 without.</summary>
    public ulong PromptCacheKey => _isRead ? _facts.PromptCacheKey : 0;

    /// <summary>Hash of <c>conversation</c>, 0 without.</summary>
    public ulong Conversation => _isRead ? _facts.Conversation : 0;

    /// <summary>Hash of <c>user</c>, 0 without.</summary>
    public ulong User => _isRead ? _facts.User : 0;
}
