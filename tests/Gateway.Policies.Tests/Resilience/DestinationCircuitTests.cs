using BlazeGateway.Policies.Resilience;
using Microsoft.Extensions.Time.Testing;
using Polly.CircuitBreaker;

namespace BlazeGateway.Policies.Tests.Resilience;

/// <summary>When a circuit opens and closes, to the request and to the second.</summary>
public sealed class DestinationCircuitTests
{
    private static readonly TimeSpan Break = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(0.2, 20, 20, 4, false)]
    [InlineData(0.2, 20, 20, 5, true)]
    [InlineData(0.2, 20, 19, 19, false)]
    [InlineData(0.2, 20, 20, 20, true)]
    [InlineData(0.2, 20, 25, 5, false)]
    [InlineData(0.2, 20, 24, 5, true)]
    [InlineData(0.5, 2, 2, 1, false)]
    [InlineData(0.5, 2, 3, 2, true)]
    [InlineData(1, 2, 20, 19, false)]
    [InlineData(1, 2, 2, 2, true)]
    [InlineData(0.01, 100, 100, 1, false)]
    [InlineData(0.01, 100, 100, 2, true)]
    public void It_opens_above_the_ratio_once_there_are_enough(double ratio, int least, int attempts, int failures, bool opens)
    {
        var circuit = New(new() { FailureRatio = ratio, MinimumThroughput = least });
        for (var i = failures; i < attempts; i++)
        {
            circuit.Answered();
        }

        var opened = false;
        for (var i = 0; i < failures; i++)
        {
            Assert.False(opened, "it opened early");
            opened = circuit.Failed(Break);
        }

        Assert.Equal((opens, opens ? CircuitState.Open : CircuitState.Closed), (opened, circuit.State));
    }

    [Theory]
    [InlineData(8.9, true)]
    [InlineData(10, false)]
    [InlineData(11, false)]
    public void It_counts_what_is_younger_than_the_sampling_duration(double seconds, bool opens)
    {
        var circuit = New(new());
        Fail(circuit, 19);
        _time.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(opens, circuit.Failed(Break));
    }

    [Theory]
    [InlineData(9.999, CircuitState.Open)]
    [InlineData(10, CircuitState.Closed)]
    [InlineData(10.001, CircuitState.Closed)]
    public void An_answer_closes_it_once_the_break_is_over(double seconds, CircuitState state)
    {
        var circuit = New(new());
        Fail(circuit, 20);
        _time.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(state == CircuitState.Closed, circuit.IsDue);
        circuit.Answered();
        Assert.Equal(state, circuit.State);
    }

    [Fact]
    public void A_failure_opens_it_again_for_its_own_time_and_nothing_is_counted_after_it_closed()
    {
        var circuit = New(new());
        Fail(circuit, 20);
        _time.Advance(Break);
        Assert.True(circuit.Failed(Break * 2));
        _time.Advance(Break * 1.9);
        circuit.Answered();
        Assert.Equal((CircuitState.Open, false), (circuit.State, circuit.IsDue));
        _time.Advance(Break * 0.1);
        circuit.Answered();
        Assert.Equal(CircuitState.Closed, circuit.State);
        Fail(circuit, 19);
        Assert.Equal(CircuitState.Closed, circuit.State);
        Assert.True(circuit.Failed(Break));
    }

    [Fact]
    public void Isolated_it_stays_until_it_is_closed()
    {
        var circuit = New(new());
        circuit.Isolate();
        _time.Advance(TimeSpan.FromDays(400));
        circuit.Answered();
        Assert.False(circuit.Failed(Break));
        Assert.Equal(CircuitState.Isolated, circuit.State);
        circuit.Close();
        Assert.Equal(CircuitState.Closed, circuit.State);
    }

    [Fact]
    public void A_wall_clock_that_is_set_changes_nothing()
    {
        var time = new SetClock();
        var circuit = new DestinationCircuit(new(), time);
        Fail(circuit, 19);
        time.Wall = TimeSpan.FromDays(-1);
        Fail(circuit, 1);
        Assert.Equal(CircuitState.Open, circuit.State);
        time.Wall = TimeSpan.FromDays(1);
        circuit.Answered();
        Assert.Equal((CircuitState.Open, false), (circuit.State, circuit.IsDue));
    }

    [Fact]
    public void An_answer_allocates_nothing()
    {
        var circuit = new DestinationCircuit(new(), TimeProvider.System);
        var least = long.MaxValue;

        // A new tenth of the window is an object, ten in ten seconds however many attempts there are.
        for (var round = 0; round < 20 && least > 0; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 2_000; i++)
            {
                circuit.Answered();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Fact]
    public void Answers_on_many_threads_are_all_counted()
    {
        var circuit = New(new());
        Parallel.For(0, 4_000, _ => circuit.Answered());
        Fail(circuit, 1_000);
        Assert.Equal(CircuitState.Closed, circuit.State);
        Assert.True(circuit.Failed(Break));
    }

    private static void Fail(DestinationCircuit circuit, int times)
    {
        for (var i = 0; i < times; i++)
        {
            circuit.Failed(Break);
        }
    }

    private DestinationCircuit New(CircuitBreakerOptions options) => new(options, _time);

    /// <summary>A wall clock that may be set while the monotonic one stands.</summary>
    private sealed class SetClock : TimeProvider
    {
        public TimeSpan Wall { get; set; }

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + TimeSpan.FromDays(20_000) + Wall;

        public override long GetTimestamp() => TimestampFrequency;
    }
}
