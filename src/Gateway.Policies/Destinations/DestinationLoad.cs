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

    private Counters _counters;
    private int _weight = 1;
    private int _maxInFlight = int.MaxValue;
    private int _limit = int.MaxValue;
    private bool _isCooling;
    private long _maxTokens = long.MaxValue;
    private double _ease = 1;
    private ReportedLoad? _reported;

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

    /// <summary>When the first of the requests in flight came; of no use without any.</summary>
    public TimeSpan BusySince => new(Volatile.Read(ref _counters.BusySince));

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
        }

        if (work.IsStreamed)
        {
            Volatile.Write(ref _counters.Heard, now.Ticks);
            Interlocked.Decrement(ref _counters.Streamed);
        }
    }

    /// <summary>Gives a place back; once for each <see cref="Reserve()"/>. Of a model's request <see cref="Prefilled"/> was called before.</summary>
    public void Release(int outputTokens = 0)
    {
        Interlocked.Decrement(ref _counters.InFlight);
        if (outputTokens != 0)
        {
            Interlocked.Add(ref _counters.OutputTokens, -outputTokens);
        }
    }

    /// <summary>Another server stands behind it: what was learned of the old one goes. Requests in flight stay counted until they end.</summary>
    public void Forget()
    {
        Times.Clear();
        Prefix.Forget();
        Reported = null;
    }

    // Two that set something at once may write in either order; each looks again, so that the last to look has seen both.
    private void Limit()
    {
        int limit;
        do
        {
            limit = IsCooling ? 0 : MaxInFlight;
            Volatile.Write(ref _limit, limit);
            Interlocked.MemoryBarrier();
        }
        while (limit != (IsCooling ? 0 : MaxInFlight));
    }

    private void Begin(int inFlight, TimeSpan now)
    {
        if (inFlight == 1)
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
    }
}
