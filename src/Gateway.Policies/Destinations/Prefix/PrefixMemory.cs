using BlazeGateway.Policies.Inference;

namespace BlazeGateway.Policies.Destinations.Prefix;

/// <summary>
/// What one destination is expected to have in its prefix cache: which blocks of prompts were sent there and, because servers give up the least recently
/// used, whether so few others were sent since that they are still there. How many is learned from what answers state as cached, so the size of the cache
/// need not be known. Blocks come as the chain of a prompt's fingerprint, which starts from model (or LoRA adapter, which has a model name of its
/// own) and cache salt, so nothing of one is found for another. Any number of threads at once and no lock: what a race loses is a prediction. Nothing is
/// allocated but pieces of the table while it grows. A destination that was never sent a prompt costs one object.
/// </summary>
internal sealed class PrefixMemory
{
    /// <summary>Bytes of prompt in a block: 16 tokens of about 4 characters.</summary>
    public const int BlockBytes = 64;

    /// <summary>Blocks a cache is thought to have before anything is known: 2 MB of text, 500,000 tokens.</summary>
    public const int DefaultSize = 31_250;

    /// <summary>Blocks remembered of all destinations of a cluster.</summary>
    public const int DefaultClusterRoom = 1_000_000;

    /// <summary>Most blocks remembered of a destination unless configured: four caches of the default size.</summary>
    public const int DefaultRoom = 4 * DefaultSize;

    private readonly int _size;
    private readonly bool _learns;
    private int _room;
    private SentBlocks? _sent;

    /// <param name="room">Most blocks to remember; at least <see cref="PrefixTable.LeastSlots"/> are.</param>
    /// <param name="size">Blocks the cache is thought to have at first.</param>
    /// <param name="learns">False to leave it at that, to compare with.</param>
    public PrefixMemory(int room = DefaultRoom, int size = DefaultSize, bool learns = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(room, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        (_room, _size, _learns) = (Math.Max(room, PrefixTable.LeastSlots), Math.Clamp(size, CacheEstimate.MinBlocks, CacheEstimate.MaxBlocks), learns);
    }

    /// <summary>Most blocks to remember. Less than are remembered drops the oldest at once, on the caller's thread (a millisecond for 100,000).</summary>
    public int Room
    {
        get => Volatile.Read(ref _room);
        set
        {
            Volatile.Write(ref _room, Math.Max(value, PrefixTable.LeastSlots));
            Volatile.Read(ref _sent)?.Fit(Room);
        }
    }

    /// <summary>Blocks the server's cache is thought to have.</summary>
    public int Size => Volatile.Read(ref _sent) is { } sent ? (int)sent.Estimate.Size : _size;

    /// <summary>How often the server's cache was found empty or said to be.</summary>
    public int Restarts => Volatile.Read(ref _sent)?.Estimate.Restarts ?? 0;

    /// <summary>Tokens of a byte of prompt, as its answers say; 0.25 at first.</summary>
    public double TokensPerByte => Volatile.Read(ref _sent)?.Estimate.TokensPerByte ?? 0.25;

    /// <summary>Bytes of what is remembered.</summary>
    public long Bytes => Volatile.Read(ref _sent)?.Bytes ?? 0;

    /// <summary>Part of the room of a cluster that each of its destinations gets.</summary>
    public static int RoomOf(int destinations, int clusterRoom = DefaultClusterRoom) => Math.Clamp(clusterRoom / Math.Max(1, destinations), 1, DefaultRoom);

    /// <summary>How many leading blocks of <paramref name="chain"/> each destination is expected to have.</summary>
    public static void Match(ReadOnlySpan<PrefixMemory> destinations, ReadOnlySpan<ulong> chain, Span<int> blocks)
    {
        // Many have the same beginning, a system prompt, and nothing after it.
        var guess = int.MaxValue;
        blocks = blocks[..destinations.Length];
        for (var i = 0; i < blocks.Length; i++)
        {
            blocks[i] = destinations[i].Match(chain, guess);
            guess = blocks[i] > 0 ? blocks[i] : guess;
        }
    }

    /// <summary>Blocks remembered, counted one by one.</summary>
    public int Count() => Volatile.Read(ref _sent)?.Count() ?? 0;

    /// <summary>How many leading blocks of <paramref name="chain"/> the destination is expected to have.</summary>
    /// <param name="chain">Blocks of the prompt.</param>
    /// <param name="guess">What another destination has, 1 or more: quicker when this one has as much.</param>
    public int Match(ReadOnlySpan<ulong> chain, int guess = int.MaxValue) =>
        chain.IsEmpty || Volatile.Read(ref _sent) is not { } sent ? 0 : sent.Match(chain, sent.Edge, guess);

    /// <summary>Tokens that <paramref name="blocks"/> leading blocks of a prompt of <paramref name="promptBytes"/> come to, as the server would state them.</summary>
    public int TokensOf(int blocks, long promptBytes) =>
        Volatile.Read(ref _sent) is { } sent ? sent.Estimate.TokensOf(blocks, promptBytes) : 0;

    /// <summary>The destination was picked for this prompt, whose blocks will be cached there. Blocks after the 256th are left out.</summary>
    /// <returns>What <see cref="Answered"/> needs; it holds as of now, before anything of this prompt is cached.</returns>
    public PrefixForecast Send(ReadOnlySpan<ulong> chain)
    {
        if (chain.IsEmpty)
        {
            return default;
        }

        var sent = Volatile.Read(ref _sent);
        if (sent is null)
        {
            var first = new SentBlocks(_size, Room);
            sent = Interlocked.CompareExchange(ref _sent, first, null) ?? first;
        }

        return sent.Send(chain[..Math.Min(chain.Length, PromptFingerprint.MaxBlocks)], Room);
    }

    /// <summary>The answer ended and stated its usage.</summary>
    /// <param name="forecast">What <see cref="Send"/> returned.</param>
    /// <param name="promptTokens">Tokens of the prompt, cached ones included.</param>
    /// <param name="promptBytes">Bytes of the prompt that the chain was computed of, those after its end included.</param>
    /// <param name="cachedTokens">Tokens from the cache; −1 when the server does not say, which teaches nothing of its cache.</param>
    public void Answered(in PrefixForecast forecast, int promptTokens, long promptBytes, int cachedTokens)
    {
        if (_learns && forecast.Clock > 0 && promptTokens > 0 && promptBytes > 0)
        {
            Volatile.Read(ref _sent)?.Answered(forecast, promptTokens, promptBytes, cachedTokens);
        }
    }

    /// <summary>The server began anew with an empty cache; what was learned of its size stays.</summary>
    public void Restarted() => Volatile.Read(ref _sent)?.Restarted();

    /// <summary>Another server stands behind the destination: nothing that was learned holds.</summary>
    public void Forget() => Volatile.Write(ref _sent, null);
}
