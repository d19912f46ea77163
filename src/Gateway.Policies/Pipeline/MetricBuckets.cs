namespace BlazeGateway.Policies.Pipeline;

/// <summary>Upper bounds of the histograms. The HTTP and GenAI ones are those of OpenTelemetry's semantic conventions, lengthened for long answers.</summary>
internal static class MetricBuckets
{
    /// <summary>HTTP requests, seconds; model answers outlast the convention's 10 s.</summary>
    public static readonly double[] Http = [.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 30, 60, 120, 300];

    /// <summary>Model requests, seconds.</summary>
    public static readonly double[] ModelDuration = [.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68];

    /// <summary>Time to first token, seconds; the last three are for models that load on demand.</summary>
    public static readonly double[] FirstToken = [.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 30, 60];

    /// <summary>Time per output token, seconds.</summary>
    public static readonly double[] PerToken = [.01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5];

    /// <summary>Tokens of one request.</summary>
    public static readonly double[] Tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576];

    /// <summary>The gateway's own time, seconds.</summary>
    public static readonly double[] Overhead = [10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 50e-3];
}
