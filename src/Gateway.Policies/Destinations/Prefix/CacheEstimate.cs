using System.Numerics;

namespace BlazeGateway.Policies.Destinations.Prefix;

/// <summary>
/// What answers teach of a destination's prefix cache. A block that was cached at rank r says that the cache has more than r blocks, one that was missing
/// that it has at most r; the size goes part of the way to each statement that contradicts it. Misses far inside the size with nothing older found in between
/// mean that the server restarted. Threads may overwrite each other's step, which costs that step.
/// </summary>
internal sealed class CacheEstimate
{
    /// <summary>Smallest size it may come to.</summary>
    public const int MinBlocks = 16;

    /// <summary>Largest size it may come to.</summary>
    public const int MaxBlocks = 4 << 20;

    /// <summary>Misses that mean a restart.</summary>
    public const int RestartMisses = 3;

    private const double FirstStep = 0.3;
    private const double LeastStep = 0.05;
    private const double Grow = 1.1;
    private const double Shrink = 0.5;
    private const double UpPart = 0.1;
    private const double StartTokensPerByte = 0.25;
    private const int StartGrain = 16;

    // What one prompt may change after the first, however long it is.
    private const double MostOfOne = 0.5;

    private double _size;
    private double _step = FirstStep;
    private int _sign;
    private double _tokensPerByte = StartTokensPerByte;
    private double _bytes;
    private int _grain;
    private int _stated;
    private int _misses;
    private long _suspected;
    private long _missed;
    private long _floor;
    private int _restarts;
    private long _done;

    /// <param name="size">Blocks to start with.</param>
    public CacheEstimate(int size) => _size = size;

    /// <summary>Blocks the cache is thought to have.</summary>
    public double Size => Volatile.Read(ref _size);

    /// <summary>Tokens of a byte of prompt.</summary>
    public double TokensPerByte => Volatile.Read(ref _tokensPerByte);

    /// <summary>Nothing stamped before is there any more.</summary>
    public long Floor => Volatile.Read(ref _floor);

    /// <summary>How often it began anew.</summary>
    public int Restarts => Volatile.Read(ref _restarts);

    /// <summary>What was sent before has been answered.</summary>
    public long Done => Volatile.Read(ref _done);

    // What it says of caching comes in multiples of its blocks; a few statements show of which.
    private int Grain => Volatile.Read(ref _stated) < 4 ? StartGrain : Math.Clamp(Volatile.Read(ref _grain), 1, 1024);

    /// <summary>Tokens that so many leading blocks come to, in the server's own blocks and without the last token, which is always computed.</summary>
    public int TokensOf(int blocks, long promptBytes)
    {
        var most = Math.Max(0, (promptBytes * TokensPerByte) - 1);
        var grain = Grain;
        return (int)(Math.Min(most, blocks * PrefixMemory.BlockBytes * TokensPerByte) / grain) * grain;
    }

    /// <summary>The server began anew, as others found out.</summary>
    public void Restarted(long clock)
    {
        Volatile.Write(ref _floor, clock);
        Interlocked.Increment(ref _restarts);
        Volatile.Write(ref _misses, 0);
    }

    /// <summary>Takes what an answer says.</summary>
    /// <returns>Whether size or floor changed.</returns>
    public bool Learn(in PrefixForecast forecast, int promptTokens, long promptBytes, int cachedTokens, int tick)
    {
        Measure(promptTokens, promptBytes);
        if (forecast.Clock > Done)
        {
            Volatile.Write(ref _done, forecast.Clock);
        }

        if (cachedTokens < 0 || forecast.Clock <= Floor)
        {
            return false;
        }

        if (cachedTokens > 0)
        {
            Volatile.Write(ref _grain, Gcd(Volatile.Read(ref _grain), cachedTokens));
            Interlocked.Increment(ref _stated);
        }

        var blocksPerToken = (double)promptBytes / promptTokens / PrefixMemory.BlockBytes;
        var had = cachedTokens * blocksPerToken;
        var missing = (int)Math.Ceiling(had + ((Grain + 1) * blocksPerToken) + 1);
        return Hit(forecast, (int)Math.Min(forecast.Known, had), tick) | Miss(forecast, cachedTokens == 0 ? Math.Min(missing, 1) : missing);
    }

    private static int Gcd(int a, int b) => (int)BigInteger.GreatestCommonDivisor(a, b);

    private void Measure(int tokens, long bytes)
    {
        if (!TextTokens.MayBe(bytes, tokens))
        {
            return;
        }

        // Long prompts say more: a template adds the same few tokens to each.
        var weight = Math.Min(Volatile.Read(ref _bytes) > 0 ? MostOfOne : 1, bytes / Math.Min(1 << 18, Volatile.Read(ref _bytes) + bytes));
        Volatile.Write(ref _tokensPerByte, TokensPerByte + (weight * (((double)tokens / bytes) - TokensPerByte)));
        Volatile.Write(ref _bytes, Math.Min(1 << 18, Volatile.Read(ref _bytes) + bytes));
    }

    private bool Hit(in PrefixForecast forecast, int blocks, int tick)
    {
        if (blocks == 0)
        {
            return false;
        }

        var (rank, stamp) = forecast.At(blocks - 1);
        if (Volatile.Read(ref _misses) > 0 && forecast.Clock > Volatile.Read(ref _suspected) && stamp < Volatile.Read(ref _missed) - tick)
        {
            // Older than one that was missing, so the cache did not begin anew.
            Volatile.Write(ref _misses, 0);
        }

        return rank > Size && Step(rank);
    }

    private bool Miss(in PrefixForecast forecast, int block)
    {
        if (block >= forecast.Known)
        {
            return false;
        }

        var (rank, stamp) = forecast.At(block);
        if (rank >= Size || rank < forecast.DoneRank || stamp < Floor)
        {
            return false;
        }

        if (rank < Size / 2)
        {
            if (Volatile.Read(ref _misses) == 0)
            {
                Volatile.Write(ref _suspected, forecast.Clock);
                Volatile.Write(ref _missed, stamp);
            }

            Volatile.Write(ref _missed, Math.Max(stamp, Volatile.Read(ref _missed)));

            if (Interlocked.Increment(ref _misses) >= RestartMisses)
            {
                Restarted(Math.Max(Floor, Volatile.Read(ref _suspected)));
                return true;
            }
        }

        return Step(rank);
    }

    // Steps grow while statements agree and shrink when they turn. Those up are a tenth, so that it comes to rest where blocks are still there rather than
    // where it is right as often as wrong: what is wrongly expected draws requests to the wrong destination, what is wrongly not costs a hit.
    private bool Step(int rank)
    {
        var size = Size;
        var sign = rank < size ? -1 : 1;
        var step = Volatile.Read(ref _step);
        step = Math.Clamp(step * (sign == Volatile.Read(ref _sign) ? Grow : Shrink), LeastStep, FirstStep);
        Volatile.Write(ref _step, step);
        Volatile.Write(ref _sign, sign);
        var next = size * Math.Clamp(Math.Max(rank, 1) / size, 1 - step, 1 + (step * UpPart));
        Volatile.Write(ref _size, Math.Clamp(next, MinBlocks, MaxBlocks));
        return true;
    }
}
