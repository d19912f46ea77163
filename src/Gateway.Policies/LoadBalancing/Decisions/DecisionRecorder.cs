using System.Security.Cryptography;

namespace BlazeGateway.Policies.LoadBalancing.Decisions;

/// <summary>
/// The last decisions of the process, in a ring that is made once (about 1 KB each). Any number of threads at once, no lock, nothing allocated by writers. A
/// decision whose place another writer has at that moment is left out.
/// </summary>
internal sealed class DecisionRecorder
{
    /// <summary>Decisions kept unless configured.</summary>
    public const int DefaultKept = 1024;

    /// <summary>Most decisions kept, about 64 MB.</summary>
    public const int MostKept = 65_536;

    /// <summary>Most decisions told of one request.</summary>
    public const int MostOfOne = 64;

    private const int Tries = 4;

    private readonly DecisionSlot[] _slots;
    private readonly TimeProvider _time;
    private long _next;

    /// <param name="kept">Decisions to keep; 0 records none.</param>
    /// <param name="time">Clock of the gateway.</param>
    public DecisionRecorder(int kept, TimeProvider time)
    {
        if (kept is < 0 or > MostKept)
        {
            throw new ArgumentOutOfRangeException(nameof(kept), kept, $"Decisions kept are {kept}; they must be 0 (none) to {MostKept}.");
        }

        _slots = new DecisionSlot[kept];
        for (var i = 0; i < kept; i++)
        {
            _slots[i] = new DecisionSlot();
        }

        _time = time;
    }

    /// <summary>Decisions kept at most; 0 when none are recorded.</summary>
    public int Kept => _slots.Length;

    /// <summary>Decisions made since the start.</summary>
    public long Made => Volatile.Read(ref _next);

    /// <summary>Seed by which prefix ids are shown, drawn for each process: they tell what begins alike, and cannot be computed from a text.</summary>
    public long Secret { get; } = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));

    /// <summary>A slot for a decision that is being made; null when none is recorded. Publish it, whatever happens.</summary>
    public DecisionSlot? Begin()
    {
        if (_slots.Length == 0)
        {
            return null;
        }

        for (var tries = 0; tries < Tries; tries++)
        {
            var number = Interlocked.Increment(ref _next) - 1;
            var slot = _slots[(int)((ulong)number % (uint)_slots.Length)];
            if (slot.TryClaim(number))
            {
                return slot;
            }
        }

        return null;
    }

    /// <summary>The newest decisions that satisfy <paramref name="wanted"/>, newest first, <paramref name="most"/> at most.</summary>
    public IReadOnlyList<DecisionReport> Read(int most, Func<Decision, bool>? wanted = null)
    {
        var found = new List<DecisionReport>();
        var (now, wall) = (_time.GetTimestamp(), _time.GetUtcNow());
        for (var number = Made - 1; number >= 0 && number >= Made - _slots.Length && found.Count < most; number--)
        {
            if (_slots[(int)(number % _slots.Length)].TryRead(out var decision) && decision.Number == number && wanted?.Invoke(decision) != false)
            {
                found.Add(DecisionReport.Of(decision, wall - _time.GetElapsedTime(decision.At, now), Secret));
            }
        }

        return found;
    }

    /// <summary>The newest request of that id with every decision made for it that is kept, the newest <see cref="MostOfOne"/>; null when there is none.</summary>
    public DecisionReport? Of(string requestId)
    {
        var came = default(long?);
        var made = Read(MostOfOne, decision => decision.Names.RequestId == requestId && (came ??= decision.Came) == decision.Came);
        return made.Count == 0 ? null : made[0] with { Earlier = made.Count == 1 ? null : [.. made.Skip(1).Reverse()] };
    }
}
