using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Reports;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Health;

/// <summary>
/// Looks every <see cref="Period"/> for destinations that are silent although requests wait there: has them probed at once, and takes those out that answer
/// probes while their streams stand still. Costs requests nothing but the stamp of their bytes. Clusters that are not probed are not looked at.
/// </summary>
internal sealed class ProgressSweep : IDisposable
{
    /// <summary>Time between two looks.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    /// <summary>Silence after which a destination is probed at once.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(200);

    /// <summary>Time between two counts of the streams of a destination that is silent for long, unless it may stand still sooner: all requests are walked for them.</summary>
    public static readonly TimeSpan Recount = TimeSpan.FromSeconds(1);

    // Looks that did not take place: the gateway itself stood still, and what it did not read meanwhile says nothing.
    private const int MostMissed = 10;

    private readonly AvailabilityRegistry _availability;
    private readonly ProgressPorts _ports;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Dictionary<DestinationLoad, StreamWaits> _waits = [];
    private readonly List<DestinationAvailability> _silent = [];
    private TimeSpan _from;
    private TimeSpan _looked;
    private int _isLooking;

    /// <param name="availability">Who is looked at, and told.</param>
    /// <param name="ports">Whom it asks and has probed.</param>
    /// <param name="time">Clock.</param>
    public ProgressSweep(AvailabilityRegistry availability, ProgressPorts ports, TimeProvider time)
    {
        (_availability, _ports, _time) = (availability, ports, time);
        _looked = availability.Clock;
        _timer = time.CreateTimer(static state => ((ProgressSweep)state!).Look(), this, Period, Period);
    }

    /// <inheritdoc />
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        if (Interlocked.Exchange(ref _isLooking, 1) != 0)
        {
            return;
        }

        var now = _availability.Clock;
        _from = now - _looked > MostMissed * Period ? now : _from;
        _looked = now;
        foreach (var cluster in _availability.Clusters())
        {
            var members = cluster.Members;
            for (var i = 0; i < members.Count; i++)
            {
                Look(members[i], members.Count, now);
            }
        }

        Count(now);
        Volatile.Write(ref _isLooking, 0);
    }

    private void Look(DestinationAvailability member, int destinations, TimeSpan now)
    {
        var load = member.Load;
        var silent = now - Latest(load.LastByte, _from);
        if (load.Watched <= 0 || silent < Silence || !_ports.IsProbed(member.Destination))
        {
            return;
        }

        // As many probes as a cluster of ordinary size has, however large it is.
        if (now - load.BusySince >= Silence && now - member.SilenceProbedAt >= Silence * Math.Max(1, (double)destinations / ProbePace.Crowd))
        {
            member.SilenceProbedAt = now;
            _ports.Probe(member.Destination);
        }

        if (silent > member.Rules.StandStill && now >= member.CountDueAt && member.Word.State is AvailabilityState.Up or AvailabilityState.Suspect or AvailabilityState.HalfOpen
            && !Advances(member, now))
        {
            _silent.Add(member);
        }
    }

    /// <summary>Whether it reports that it works, whatever comes of it here.</summary>
    private static bool Advances(DestinationAvailability member, TimeSpan now) =>
        Report(member.Load, now) is not null && now - member.Load.LastReportedProgress <= member.Rules.StandStill;

    /// <summary>Counts the streams of all that are silent at once, and takes those out that stand still.</summary>
    private void Count(TimeSpan now)
    {
        if (_silent.Count == 0)
        {
            return;
        }

        foreach (var member in _silent)
        {
            _waits[member.Load] = new StreamWaits((long)((Int128)member.ServingFrom.Ticks * _time.TimestampFrequency / TimeSpan.TicksPerSecond));
        }

        _ports.Count(_waits);
        foreach (var member in _silent)
        {
            var left = Left(member, _waits[member.Load], now);
            if (left < TimeSpan.Zero)
            {
                member.Take(new AvailabilityEvent(AvailabilityInput.StoodStill));
            }
            else
            {
                member.CountDueAt = now + (left < Recount ? left : Recount);
            }
        }

        _waits.Clear();
        _silent.Clear();
    }

    /// <summary>
    /// How much longer its streams may stand still; less than nothing when they do for longer than they should. One that had begun is sure to be at work. One that has not may wait for its turn behind requests
    /// of others, or behind plain ones, which give no sign of life before their end; unless the server says that it has nothing to do.
    /// </summary>
    private TimeSpan Left(DestinationAvailability member, StreamWaits waits, TimeSpan now)
    {
        var (load, rules) = (member.Load, member.Rules);
        var isIdle = Report(load, now) is { Running: 0, Waiting: null or 0 };
        var least = Latest(rules.StandStill, rules.PromptPatience * load.PromptsTake);
        var left = waits.Begun is { } begun ? (isIdle ? rules.StandStill : least) - Silent(begun) : TimeSpan.MaxValue;

        // The one request of a destination that was wedged is the first in line there.
        var before = isIdle ? rules.StandStill : member.WantsChunk ? least : Latest(rules.StandStillBefore, least);
        return waits.Unbegun is { } unbegun && (isIdle || load.InFlight <= waits.Told) && before - Silent(unbegun) is var other && other < left ? other : left;

        TimeSpan Silent(long since) => now - Latest(Latest(load.LastByte, _from), _time.GetElapsedTime(0, since));
    }

    private static ReportedFacts? Report(DestinationLoad load, TimeSpan now) => load.Reported is { } report && report.TellsRequests(now) ? report.Facts : null;

    private static TimeSpan Latest(TimeSpan one, TimeSpan other) => one > other ? one : other;
}

/// <summary>Whom the sweep asks and has probed.</summary>
/// <param name="IsProbed">Whether a destination is probed.</param>
/// <param name="Probe">Has it probed at once.</param>
/// <param name="Count">Counts the streams of destinations that are waited for.</param>
internal sealed record ProgressPorts(Func<DestinationState, bool> IsProbed, Action<DestinationState> Probe, Action<IReadOnlyDictionary<DestinationLoad, StreamWaits>> Count);
