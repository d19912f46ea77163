using BlazeGateway.Policies.Admission;
using BlazeGateway.Policies.Clients;
using BlazeGateway.Policies.Destinations;
using BlazeGateway.Policies.Destinations.Prefix;
using BlazeGateway.Policies.Health;
using BlazeGateway.Policies.Inference;
using BlazeGateway.Policies.LoadBalancing;
using BlazeGateway.Policies.LoadBalancing.Adaptive;
using BlazeGateway.Policies.LoadBalancing.Decisions;
using BlazeGateway.Policies.Pipeline.Body;
using BlazeGateway.Policies.RateLimiting;
using BlazeGateway.Policies.Resilience;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace BlazeGateway.Policies.Pipeline;

/// <summary>
/// Everything about one request on its way: the only thing that travels through the steps. Pooled; <see cref="Begin"/> and
/// <see cref="End"/> bracket a request, and <see cref="End"/> runs exactly once whatever happened between.
/// </summary>
internal sealed partial class RequestContext
{
    private readonly BodyBudget _budget;
    private readonly MemoryPressure? _pressure;
    private AccessRecord _record;
    private InferenceFacts _facts;
    private AnswerScanner _scanner;
    private BodySplices _splices;
    private HeldPlace _place;
    private PickNote _note;
    private PrefixForecast _forecast;
    private ulong[] _prefix = [];
    private int _blocks;
    private long _reserved;
    private RequestFlow? _flow;
    private bool _isLeftHalfRead;

    /// <param name="budget">Bytes of bodies that may be held.</param>
    /// <param name="time">Clock.</param>
    /// <param name="failover">Whether another destination is asked when one fails; null for never.</param>
    /// <param name="pressure">How short memory is; null where nobody looks.</param>
    public RequestContext(BodyBudget budget, TimeProvider time, Failover? failover = null, MemoryPressure? pressure = null)
    {
        _pressure = pressure;
        _budget = budget;
        Time = time;
        Failover = failover;
        Transformer = new AttemptTransformer(this);
    }

    /// <summary>Whether another destination is asked when one fails.</summary>
    public Failover? Failover { get; }

    /// <summary>How short memory is.</summary>
    public MemoryState Memory => _pressure?.State ?? MemoryState.Calm;

    /// <summary>Clock of the gateway.</summary>
    public TimeProvider Time { get; }

    /// <summary>The request, while it runs.</summary>
    public HttpContext Http { get; private set; } = null!;

    /// <summary>What the route asks for; fixed at the beginning, whatever is reconfigured meanwhile.</summary>
    public RoutePlan Route { get; private set; } = null!;

    /// <summary>What the cluster asks for; null until it is known.</summary>
    public ClusterPlan? Cluster { get; set; }

    /// <summary>The cluster the request is sent to; null until it is known.</summary>
    public ClusterState? ClusterState { get; set; }

    /// <summary>What came of earlier attempts.</summary>
    public AttemptHistory History { get; } = new();

    /// <summary>What the attempt that ended last says of its destination.</summary>
    public AttemptOutcome Verdict { get; set; }

    /// <summary>The destination of the attempt at hand.</summary>
    public DestinationState? Destination { get; set; }

    /// <summary>Where the attempt at hand tells how long its destination took.</summary>
    public AnswerSample Learning { get; set; }

    /// <summary>Hash of the name of the model asked for; 0 when none is.</summary>
    public ulong ModelKey { get; private set; }

    /// <summary>Room for the destinations that serve the model, where not all do.</summary>
    public List<DestinationState> Serving { get; } = [];

    /// <summary>Room for those of them that take the gateway's credential.</summary>
    public List<DestinationState> Welcoming { get; } = [];

    /// <summary>Hash of what the conversation begins with; 0 when the strategy does not go by it.</summary>
    public ulong Opening { get; private set; }

    /// <summary>How many tokens requests for that model have; null when none is asked for.</summary>
    public TokenEstimates? Tokens { get; private set; }

    /// <summary>What the request brings a destination to do.</summary>
    public RequestWork Work { get; private set; }

    /// <summary>The place of the attempt at hand on its destination.</summary>
    public ref HeldPlace Place => ref _place;

    /// <summary>What the strategy thought of the attempt at hand.</summary>
    public ref PickNote Note => ref _note;

    /// <summary>Where the pick at hand is recorded; null between picks and when none is.</summary>
    public DecisionSlot? Deciding { get; set; }

    /// <summary>The decision that picked <see cref="Destination"/>, to be told what came of it.</summary>
    public PublishedDecision Decided { get; set; }

    /// <summary>Chain of the prompt's blocks; empty when the strategy does not go by it.</summary>
    public ReadOnlySpan<ulong> Prefix => _prefix.AsSpan(0, _blocks);

    /// <summary>What the destination picked was expected to have of the prompt.</summary>
    public ref PrefixForecast Forecast => ref _forecast;

    /// <summary>The clock that destinations are learned by.</summary>
    public TimeSpan Clock => Time.GetElapsedTime(0);

    /// <summary>That clock at a timestamp that was read already.</summary>
    public TimeSpan ClockAt(long timestamp) => Time.GetElapsedTime(0, timestamp);

    /// <summary>Slot of the context below it while it waits in its pool. The pool's own.</summary>
    public int Below { get; set; }

    /// <summary>Room for the names of headers that do not go on.</summary>
    public List<string> RemovedHeaders { get; } = [];

    /// <summary>Who sent the request.</summary>
    public Client Client { get; set; }

    /// <summary>Headers that carry a key of the gateway's own; they are not forwarded.</summary>
    public KeyHeaders KeyCarriers { get; set; }

    /// <summary>Band and part of the client's share the request asks for, read when a step first wants to know.</summary>
    public RequestFlow Flow => _flow ??= Route.Clients.FlowOf(Http.Request.Headers, Client);

    /// <summary>Permits and slots held until the request ends.</summary>
    public LeaseSet Leases { get; } = new();

    /// <summary>Set while the attempt at hand is the one request a half-open destination is sent.</summary>
    public AttemptTrial? Trial { get; set; }

    /// <summary>Entry of the route's models the request was matched with; null on routes without.</summary>
    public ModelTarget? Model { get; set; }

    /// <summary>Whether the request is read as an inference request.</summary>
    public bool IsInference { get; set; }

    /// <summary>Wire format of answers the gateway makes itself.</summary>
    public Dialect Dialect { get; set; }

    /// <summary>The gateway's own error, when it refused or could not finish the request.</summary>
    public GatewayError? Error { get; set; }

    /// <summary>The connection became a tunnel (WebSocket or other upgrade).</summary>
    public bool IsUpgraded { get; private set; }

    /// <summary>How the answer's body ended; see <see cref="ObservedStream"/>.</summary>
    public AnswerEnd AnswerEnd { get; set; }

    /// <summary>The error a stream began with, to be sent as an answer of its own; null when it began well.</summary>
    public FirstEventError? FirstEvent { get; set; }

    /// <summary>Sentence for the client in place of the error's own.</summary>
    public string? ErrorMessage { get; set; }

    /// <summary>Token counts were asked for by the gateway and are taken out of the answer again.</summary>
    public bool IsUsageInjected { get; set; }

    /// <summary>Time limits.</summary>
    public Deadline Deadline { get; } = new();

    /// <summary>Shapes the outgoing request and watches the answer.</summary>
    public AttemptTransformer Transformer { get; }

    /// <summary>What is written to the access log and counted.</summary>
    public ref AccessRecord Record => ref _record;

    /// <summary>What the body says.</summary>
    public ref InferenceFacts Facts => ref _facts;

    /// <summary>Watches the answer.</summary>
    public ref AnswerScanner Scanner => ref _scanner;

    /// <summary>Starts a request.</summary>
    public void Begin(HttpContext http, RoutePlan route)
    {
        Http = http;
        Route = route;
        var now = Time.GetTimestamp();
        _record = new AccessRecord
        {
            Started = now,
            BeforeForward = -1,
            Queued = -1,
            ToHeaders = -1,
            ToFirstContent = -1,
            Pick = -1,
            Generation = -1,
            RequestId = "",
            Method = http.Request.Method,
            Route = route.RouteId,
            TokensIn = -1,
            TokensOut = -1,
            TokensCached = -1,
        };
        Deadline.Begin(route.TotalTicks == long.MaxValue ? long.MaxValue : now + route.TotalTicks);
    }

    /// <summary>The connection became a tunnel.</summary>
    public void Upgraded()
    {
        IsUpgraded = true;
        Route.CountUpgrade();
    }

    /// <summary>Status the answer amounts to: an error that came in the body of a good status counts as what it says it is.</summary>
    public int AnswerStatus()
    {
        var status = Http.Response.StatusCode;
        return status < StatusCodes.Status400BadRequest && _scanner.ErrorStatus is not 0 and var said ? said : status;
    }

    /// <summary>Ticks since <see cref="Begin"/>.</summary>
    public long Elapsed() => Time.GetTimestamp() - _record.Started;

    /// <summary>Forgets the attempt that failed, before another one.</summary>
    /// <param name="cause">Why there is another.</param>
    /// <param name="outcome">What is said of the decision that led to it.</param>
    public void BeginAgain(RetryCause cause, string outcome = "retried")
    {
        History.Tried.Add(Destination!);
        History.Causes.Add(cause);
        History.KeptBack = RetryCause.None;
        Decided.Settle(DecisionOutcome.Followed(outcome, _record.ToHeaders < 0 ? 0 : AnswerStatus(), cause.Name()));
        Decided = default;
        Http.Response.Clear();
        Http.Features.Set<IForwarderErrorFeature>(null);
        if (ClusterState!.Model.Config.SessionAffinity is { Enabled: true })
        {
            AffinityMemory.Forget(Http);
        }

        Error = null;
        ErrorMessage = null;
        FirstEvent = null;
        AnswerEnd = AnswerEnd.None;
        _scanner = default;
        _note = default;
        _forecast = default;
        _record.ToHeaders = _record.ToFirstContent = _record.Generation = -1;
        _record.Held = 0;
        Deadline.Renew();
    }

    /// <summary>The request goes on as one for another model: what was made of the first one's name is made again.</summary>
    public void BeginModel(ModelTarget target)
    {
        Model = target;
        _splices = default;
        (Tokens, Work, _blocks, Opening) = (null, default, 0, 0);
        (History.Fingerprint, History.HasBroken) = (default, false);
        Error = null;
        ErrorMessage = null;
    }

    /// <summary>The pick at hand is made in another way than by the strategy among all.</summary>
    public void Decide(DecisionWay way)
    {
        if (Deciding is { } slot)
        {
            slot.Decision.Way = way;
        }
    }

    /// <summary>Bytes of the answer are here.</summary>
    /// <param name="now">Timestamp.</param>
    public void Came(long now) => _place.Came(ClockAt(now));

    /// <summary>The first chunk of the answer is here: what the destination's time to it is told by. Called once for each attempt that gets so far.</summary>
    /// <param name="timestamp">When.</param>
    public void FirstChunk(long timestamp)
    {
        var now = ClockAt(timestamp);
        _place.Prefilled(now);
        Trial?.Begun(Http.Response.StatusCode);
        if (Http.Response.StatusCode < StatusCodes.Status400BadRequest && !IsUpload)
        {
            var seconds = Time.GetElapsedTime(_record.Started + _record.BeforeForward, timestamp).TotalSeconds;
            Learning.Add(now, seconds, _note);
            Cluster?.Admission?.FirstChunk(this, now, seconds);
        }
    }

    /// <summary>Gives everything back. False when this object may not serve another request.</summary>
    public bool End()
    {
        Trial?.Abandon();
        Trial = null;
        var isHalfRead = EndBody();
        _scanner = default;
        _facts = default;
        _splices = default;
        _record = default;
        (Http, Route, Cluster, ClusterState) = (null!, null!, null, null);
        Destination = null;
        if (!History.IsEmpty)
        {
            History.Clear();
        }

        Learning = default;
        Waiting?.Abandon();
        (Waiting, ClusterPermit, Served) = (null, null, null);
        if (_place.Load is not null)
        {
            _place.Release(Clock);
        }

        (_note, Decided) = (default, default);
        (ModelKey, Opening) = (0, 0);
        Serving.Clear();
        Welcoming.Clear();
        Tokens = null;
        _blocks = 0;
        Work = default;
        Model = null;
        Client = default;
        KeyCarriers = KeyHeaders.None;
        _flow = null;
        IsInference = false;
        Error = null;
        IsUpgraded = false;
        AnswerEnd = AnswerEnd.None;
        FirstEvent = null;
        ErrorMessage = null;
        IsUsageInjected = false;
        return Deadline.End() && !isHalfRead;
    }
}
