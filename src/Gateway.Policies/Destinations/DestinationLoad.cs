using System.Runtime.InteropServices;
using BlazeGateway.Policies.Destinations.Prefix;
using BlazeGateway.Policies.Destinations.Reports;

namespace BlazeGateway.Policies.Destinations;

/// <summary>
/// What one destination has to do and how quickly it does it: the plain numbers that strategies go by. Reserved when a destination is picked, so that two
/// picks never see the same idle destination for longer than one of them takes. No lock; whoever reads sees each number whole and none older than its own writes.
/// </summary>
internal sealed class DestinationLoad
{
    /// <summary>Largest weight.</summary>
    public const int MaxWeight = 256;

    /// <summary>Prompt tokens after which <see cref="SecondsPerToken"/> is learned.</summary>
    public const int EnoughTokens = 1000;

    /// <summary>What <see cref="LastByte"/> may lag behind, so that a chunk seldom writes.</summary>
    public static readonly TimeSpan Coarse = TimeSpan.FromMilliseconds(5);

    private const double UnknownToken = 0.01;
    private const double QuickestToken = 0.0005;
    private const double Fading = 0.98;

    private Counters _counters;
    private long _reportedProgress;
    private int _weight = 1;
    private int _maxInFlight = int.MaxValue;
    private int _adaptiveLimit = int.MaxValue;
    private int _limit = int.MaxValue;
    private bool _isCooling;
    private bool _isAdaptive;
    private long _maxTokens = long.MaxValue;
    private double _ease = 1;
    private ReportedLoad? _reported;
    private RoomSignal? _room;

    /// <param name="id">Id of the destination; what consistent hashing places it by.</param>
    public DestinationLoad(string id) => Id = id;

    /// <summary>Id of the destination.</summary>
    public string Id { get; }

    /// <summary>Configured weight, 0 to <see cref="MaxWeight"/>; 0 takes no new requests.</summary>
    public int Weight
    {
        get => Volatile.Read(ref _weight);
        set => Volatile.Write(ref _weight, value);
    }

    /// <summary>Part of its weight it has while it is eased in, above 0 to 1.</summary>
    public double Ease
    {
        get => Volatile.Read(ref _ease);
        set => Volatile.Write(ref _ease, value);
    }

    /// <summary>Most requests in flight.</summary>
    public int MaxInFlight
    {
        get => Volatile.Read(ref _maxInFlight);
        set
        {
            Volatile.Write(ref _maxInFlight, value);
            Limit();
        }
    }

    /// <summary>Whether <see cref="AdaptiveLimit"/> holds. Requests that were sent before this changed may still write one; it holds for nobody then.</summary>
    public bool IsAdaptive
    {
        get => Volatile.Read(ref _isAdaptive);
        set
        {
            if (!value || !IsAdaptive)
            {
                AdaptiveLimit = int.MaxValue;
            }

            Volatile.Write(ref _isAdaptive, value);
            Limit();
        }
    }

    /// <summary>Most requests in flight as far as was learned; <see cref="int.MaxValue"/> where nothing is.</summary>
    public int AdaptiveLimit
    {
        get => IsAdaptive ? Volatile.Read(ref _adaptiveLimit) : int.MaxValue;
        set
        {
            if (Interlocked.Exchange(ref _adaptiveLimit, value) != value)
            {
                Limit();
            }
        }
    }

    /// <summary>Requests that may be in flight now, for all reasons together; 0 while it is left alone.</summary>
    public int EffectiveLimit => Volatile.Read(ref _limit);

    /// <summary>Where it tells that a place is free; null where nobody may wait.</summary>
    public RoomSignal? Room
    {
        get => Volatile.Read(ref _room);
        set => Volatile.Write(ref _room, value);
    }

    /// <summary>Whether it has asked to be left alone for a while: it has no room then, for anybody.</summary>
    public bool IsCooling
    {
        get => Volatile.Read(ref _isCooling);
        set
        {
            Volatile.Write(ref _isCooling, value);
            Limit();
        }
    }

    /// <summary>Most tokens in flight: prompts that are not computed, and answers that are not finished.</summary>
    public long MaxTokens
    {
        get => Volatile.Read(ref _maxTokens);
        set => Volatile.Write(ref _maxTokens, value);
    }

    /// <summary>Requests picked and not finished.</summary>
    public int InFlight => Volatile.Read(ref _counters.InFlight);

    /// <summary>Prompt tokens of requests whose answer has not begun.</summary>
    public long PrefillTokens => Volatile.Read(ref _counters.PrefillTokens);

    /// <summary>Requests in flight whose bytes are stamped by <see cref="Came"/>: all but those that passed <see cref="Unwatch"/>.</summary>
    public int Watched => InFlight - Volatile.Read(ref _counters.Unwatched);

    /// <summary>When the first of the <see cref="Watched"/> requests came; of no use without any.</summary>
    public TimeSpan BusySince => new(Volatile.Read(ref _counters.BusySince));

    /// <summary>When the last byte of any answer came, to about <see cref="Coarse"/>.</summary>
    public TimeSpan LastByte => new(Volatile.Read(ref _counters.LastByte));

    /// <summary>When the server itself last reported more tokens than before.</summary>
    public TimeSpan LastReportedProgress
    {
        get => new(Volatile.Read(ref _reportedProgress));
        set => Volatile.Write(ref _reportedProgress, value.Ticks);
    }

    /// <summary>How long the prompts it has to compute should take: their tokens times the seconds each has taken, waiting in line included.</summary>
    public TimeSpan PromptsTake => TimeSpan.FromSeconds(Math.Max(0, PrefillTokens) * SecondsPerToken);

    /// <summary>
    /// Seconds a prompt token takes as far as answers tell: of the last fifty or so the time to the first chunk by the tokens that were waiting, so that long
    /// prompts count most. 10 ms (a few processor cores) before <see cref="EnoughTokens"/> were computed, and never below 0.5 ms: long prompts take more for each
    /// token than short ones.
    /// </summary>
    public double SecondsPerToken =>
        Volatile.Read(ref _counters.Computed) is >= EnoughTokens and var computed ? Math.Max(QuickestToken, Volatile.Read(ref _counters.Computing) / computed) : UnknownToken;

    /// <summary>Tokens that the answers of requests in flight are expected to have.</summary>
    public long OutputTokens => Volatile.Read(ref _counters.OutputTokens);

    /// <summary>Requests whose answer is streamed and has not begun.</summary>
    public int Streamed => Volatile.Read(ref _counters.Streamed);

    /// <summary>How quickly it answers, by model.</summary>
    public ByModel<AnswerTimes> Times { get; } = new(static () => new AnswerTimes(), static times => !times.FirstChunk.HasSample);

    /// <summary>Which beginnings of prompts it is expected to have in its cache.</summary>
    public PrefixMemory Prefix { get; } = new();

    /// <summary>What the server itself reported last; null while it is not known or nobody asks.</summary>
    public ReportedLoad? Reported
    {
        get => Volatile.Read(ref _reported);
        set => Volatile.Write(ref _reported, value);
    }

    /// <summary>Whether it may be picked once more: it has a weight and room.</summary>
    public bool IsOpen => Weight > 0 && HasRoom;

    /// <summary>Whether one more request fits. A request longer than all the room there is fits when there is nothing else.</summary>
    public bool HasRoom => InFlight < Volatile.Read(ref _limit) && (MaxTokens == long.MaxValue || PrefillTokens + OutputTokens < MaxTokens);

    /// <summary>Requests that fit now. Where tokens are bounded it is known of the next one only.</summary>
    public int Free => !IsOpen ? 0 : MaxTokens == long.MaxValue ? (int)Math.Max(0, (long)Volatile.Read(ref _limit) - InFlight) : 1;

    /// <summary>Requests it serves at once, now or when those in flight end; <see cref="int.MaxValue"/> where only tokens bound it, or nothing does.</summary>
    public int Places => Weight > 0 ? Volatile.Read(ref _limit) : 0;

    /// <summary>Those of <see cref="Places"/> that are not taken; 0 where it takes nothing now.</summary>
    public long Open => IsOpen ? Math.Max(0, (long)Places - InFlight) : 0;

    /// <summary>Weight times ease.</summary>
    public double EffectiveWeight => Weight * Ease;

    /// <summary>How long nothing has come of the prompts that it has to compute and whose answers are streamed; nothing when there are none. Of other answers nothing comes before their end.</summary>
    /// <param name="now">Time since the moment places are stamped by.</param>
    public double SilentFor(TimeSpan now) => Streamed > 0 ? Math.Max(0, (now - new TimeSpan(Volatile.Read(ref _counters.Heard))).TotalSeconds) : 0;

    /// <summary>Takes a place for a request that no model answers.</summary>
    public void Reserve() => Reserve(default, default);

    /// <summary>Takes a place for <paramref name="work"/>.</summary>
    public void Reserve(in RequestWork work, TimeSpan now)
    {
        Begin(Interlocked.Increment(ref _counters.InFlight), now);
        Add(work, now);
    }

    /// <summary>Takes a place for <paramref name="work"/> if there is one; exact, however many ask at once.</summary>
    public bool TryReserve(in RequestWork work, TimeSpan now)
    {
        var tokens = MaxTokens == long.MaxValue ? 0 : PrefillTokens + OutputTokens;
        var inFlight = Interlocked.Increment(ref _counters.InFlight);
        if (inFlight > Volatile.Read(ref _limit) || tokens >= MaxTokens)
        {
            Interlocked.Decrement(ref _counters.InFlight);
            Room?.Freed();
            return false;
        }

        Begin(inFlight, now);
        Add(work, now);
        return true;
    }

    /// <summary>The answer to <paramref name="work"/> has begun, or will not.</summary>
    public void Prefilled(in RequestWork work, TimeSpan now)
    {
        if (work.PromptTokens != 0)
        {
            Interlocked.Add(ref _counters.PrefillTokens, -work.PromptTokens);
            if (MaxTokens != long.MaxValue)
            {
                Room?.Freed();
            }
        }

        if (work.IsStreamed)
        {
            Volatile.Write(ref _counters.Heard, now.Ticks);
            Interlocked.Decrement(ref _counters.Streamed);
        }
    }

    /// <summary>A byte of an answer came.</summary>
    public void Came(TimeSpan now)
    {
        if (now.Ticks - Volatile.Read(ref _counters.LastByte) >= Coarse.Ticks)
        {
            Volatile.Write(ref _counters.LastByte, now.Ticks);
        }
    }

    /// <summary>Of a request in flight no further bytes are stamped.</summary>
    public void Unwatch() => Interlocked.Increment(ref _counters.Unwatched);

    /// <summary>A request of which that was said gives its place back.</summary>
    public void Forgo() => Interlocked.Decrement(ref _counters.Unwatched);

    /// <summary>The first chunk of a streamed answer came <paramref name="waited"/> after its request, when so many prompt tokens were to be computed.</summary>
    public void Computed(long tokens, TimeSpan waited)
    {
        Volatile.Write(ref _counters.Computed, (Volatile.Read(ref _counters.Computed) * Fading) + tokens);
        Volatile.Write(ref _counters.Computing, (Volatile.Read(ref _counters.Computing) * Fading) + waited.TotalSeconds);
    }

    /// <summary>Gives a place back; once for each <see cref="Reserve()"/>. Of a model's request <see cref="Prefilled"/> was called before.</summary>
    public void Release(int outputTokens = 0)
    {
        Interlocked.Decrement(ref _counters.InFlight);
        if (outputTokens != 0)
        {
            Interlocked.Add(ref _counters.OutputTokens, -outputTokens);
        }

        Room?.Freed();
    }

    /// <summary>Another server stands behind it: what was learned of the old one goes. Requests in flight stay counted until they end.</summary>
    public void Forget()
    {
        Times.Clear();
        Prefix.Forget();
        Reported = null;
        AdaptiveLimit = int.MaxValue;
        Volatile.Write(ref _counters.Computed, 0);
        Volatile.Write(ref _counters.Computing, 0);
    }

    // Two that set something at once may write in either order; each looks again, so that the last to look has seen both.
    private void Limit()
    {
        int limit;
        do
        {
            limit = Wanted();
            Volatile.Write(ref _limit, limit);
            Interlocked.MemoryBarrier();
        }
        while (limit != Wanted());

        Room?.Freed();
    }

    private int Wanted() => IsCooling ? 0 : Math.Min(MaxInFlight, AdaptiveLimit);

    private void Begin(int inFlight, TimeSpan now)
    {
        if (inFlight - Volatile.Read(ref _counters.Unwatched) == 1)
        {
            Volatile.Write(ref _counters.BusySince, now.Ticks);
        }
    }

    private void Add(in RequestWork work, TimeSpan now)
    {
        if (work == default)
        {
            return;
        }

        if (work.IsStreamed && Interlocked.Increment(ref _counters.Streamed) == 1)
        {
            Volatile.Write(ref _counters.Heard, now.Ticks);
        }

        Interlocked.Add(ref _counters.PrefillTokens, work.PromptTokens);
        Interlocked.Add(ref _counters.OutputTokens, work.OutputTokens);
    }

    /// <summary>On a cache line of its own: it is written with every request, what is beside it is read by every pick.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Counters
    {
        [FieldOffset(128)]
        public int InFlight;

        [FieldOffset(136)]
        public long PrefillTokens;

        [FieldOffset(144)]
        public long OutputTokens;

        // When an answer began last, or the first prompt came after none.
        [FieldOffset(152)]
        public long Heard;

        [FieldOffset(160)]
        public int Streamed;

        [FieldOffset(168)]
        public long BusySince;

        [FieldOffset(176)]
        public long LastByte;

        // Prompt tokens of streams that have begun, and the seconds that took; the newest count most.
        [FieldOffset(184)]
        public double Computed;

        [FieldOffset(192)]
        public double Computing;

        [FieldOffset(200)]
        public int Unwatched;
    }
}
