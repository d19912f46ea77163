using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Policies.Tests.Health;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>A cluster that is probed, the sweep that looks at it, and requests that only their limits and places are made of. All in fake time.</summary>
internal sealed class Progress : IDisposable
{
    private readonly DeadlineSweep _deadlines;
    private readonly ProgressSweep _sweep;

    public Progress(params string[] destinations)
    {
        Cluster = new TestCluster(TestCluster.ModelServers, destinations);
        _deadlines = new DeadlineSweep(Cluster.Time);
        _sweep = new ProgressSweep(Cluster.Registry, new ProgressPorts(_ => IsProbed, destination => Probed.Add((destination.DestinationId, Now)), Count), Cluster.Time);
        Array.ForEach(destinations, id => Cluster.Probe(id, ProbeFindingKind.Alive));
    }

    public TestCluster Cluster { get; }

    public bool IsProbed { get; set; } = true;

    /// <summary>Who was to be probed at once, and when.</summary>
    public List<(string Id, double At)> Probed { get; } = [];

    /// <summary>Times all requests were walked, and of how many destinations each time.</summary>
    public List<int> Walks { get; } = [];

    /// <summary>Seconds since the start.</summary>
    public double Now => Math.Round(Cluster.Registry.Now.TotalSeconds, 3);

    public Ongoing Send(string id, int prompt = 10, bool isStream = true) => new(this, Cluster[id], prompt, isStream);

    /// <summary>Lets time pass as the sweep sees it.</summary>
    public void Pass(double seconds)
    {
        for (var i = 0; i < Math.Round(seconds * 1000 / 50); i++)
        {
            Cluster.Time.Advance(TimeSpan.FromMilliseconds(50));
        }
    }

    public void Dispose()
    {
        _sweep.Dispose();
        _deadlines.Dispose();
        Cluster.Dispose();
    }

    private void Count(IReadOnlyDictionary<DestinationLoad, StreamWaits> waits)
    {
        Walks.Add(waits.Count);
        _deadlines.Tell(waits);
    }

    internal sealed class Ongoing
    {
        private static readonly long Long = TimeSpan.FromHours(1).Ticks;

        private readonly Progress _progress;
        private readonly Deadline _deadline = new();
        private HeldPlace _place;

        public Ongoing(Progress progress, DestinationAvailability destination, int prompt, bool isStream)
        {
            _progress = progress;
            _place.Take(destination.Load, new RequestWork(prompt, 10) { IsStreamed = isStream }, Clock);
            progress._deadlines.Add(_deadline);
            _deadline.Begin(long.MaxValue);
            _deadline.BeginAttempt(Timestamp + Long, Timestamp, isStream ? destination.Load : null);
        }

        private TimeSpan Clock => _progress.Cluster.Registry.Clock;

        private long Timestamp => _progress.Cluster.Time.GetTimestamp();

        /// <summary>The answer's headers came.</summary>
        public Ongoing Headers()
        {
            _place.Came(Clock);
            return this;
        }

        /// <summary>Nothing more of the answer is seen until its end.</summary>
        public Ongoing Unwatched()
        {
            _place.Came(Clock);
            _place.Unwatch();
            return this;
        }

        /// <summary>A chunk came, and the next one is waited for; the client may not have taken this one yet.</summary>
        public Ongoing Chunk(bool isHeldUp = false)
        {
            _deadline.Clear();
            _place.Came(Clock);
            _place.Prefilled(Clock);
            if (!isHeldUp)
            {
                Resume();
            }

            return this;
        }

        /// <summary>The client has taken the chunk.</summary>
        public void Resume() => _deadline.Await(Timestamp, Long);

        public void End()
        {
            _deadline.End();
            _progress._deadlines.Remove(_deadline);
            _place.Release(Clock);
        }
    }
}
