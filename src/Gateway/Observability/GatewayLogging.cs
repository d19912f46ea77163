using BlazeGateway.Policies.Pipeline;
using Serilog;
using Serilog.Configuration;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;
using Serilog.Formatting;
using Serilog.Formatting.Display;

namespace BlazeGateway.Observability;

/// <summary>
/// The process's loggers, from section <c>Serilog</c>. They write to stderr, for stdout is data: JSON with the message as a sentence when stderr is no terminal
/// or the environment is named Production, readable lines otherwise. A <c>Serilog:WriteTo</c> in the configuration replaces that.
/// </summary>
internal sealed class GatewayLogging : IDisposable
{
    private const int QueueLength = 10_000;

    /// <summary>Libraries that would print URLs with queries, headers or bodies below Warning. No configuration lowers them.</summary>
    private static readonly string[] Capped = ["Yarp", "System.Net", "Microsoft.AspNetCore", "Microsoft.Extensions.Http", "Grpc", "OpenTelemetry"];

    private readonly Logger _root;
    private readonly Logger _access;
    private readonly bool _isCompactConsole;

    private GatewayLogging(Logger root, Logger access, bool isCompactConsole)
    {
        _root = root;
        _access = access;
        _isCompactConsole = isCompactConsole;
    }

    /// <summary>
    /// Filters for the framework's loggers: the lowest level the configuration asks for anywhere, and Warning for the capped libraries. Without them the
    /// framework would drop what is below Information before it comes here, whatever the configuration says.
    /// </summary>
    public static void AddFilters(ILoggingBuilder logging, IConfiguration configuration)
    {
        logging.SetMinimumLevel(LevelConvert.ToExtensionsLevel(Lowest(configuration)));
        foreach (var source in Capped)
        {
            logging.AddFilter<SerilogLoggerProvider>(source, LogLevel.Warning);
        }
    }

    /// <summary>For the host. Its console is written by a thread of its own; lines beyond 10,000 waiting ones are dropped, so that no caller ever waits.</summary>
    public Serilog.ILogger Root => _root;

    /// <summary>For <see cref="AccessLog"/>, which has its own thread and queue: the same target, written at once.</summary>
    public IAccessWriter CreateAccessWriter(TimeProvider time)
    {
        var logger = _access.ForContext(Constants.SourceContextPropertyName, "Access");
        return _isCompactConsole && logger.IsEnabled(LogEventLevel.Information) ? new AccessLines(Console.Error, time) : new AccessLogFormatter(logger, time);
    }

    /// <summary>Builds the loggers.</summary>
    /// <param name="configuration">The process's configuration; section <c>Serilog</c> is read.</param>
    /// <param name="environment">The environment's name; null when nobody named one, as at somebody's first start in a terminal.</param>
    /// <param name="redirected">Whether stderr is no terminal.</param>
    public static GatewayLogging Create(IConfiguration configuration, string? environment, bool redirected)
    {
        var compact = redirected || string.Equals(environment, Environments.Production, StringComparison.OrdinalIgnoreCase);
        ITextFormatter formatter = compact
            ? new SentenceFormatter()
            : new MessageTemplateTextFormatter("{Timestamp:HH:mm:ss} {Level:u3} {SourceContext}  {Message:lj}{NewLine}{Exception}");
        return Create(configuration, sinks => sinks.Console(formatter, standardErrorFromLevel: LevelAlias.Minimum), compact);
    }

    /// <summary>Builds the loggers on a target of the caller's.</summary>
    internal static GatewayLogging Create(IConfiguration configuration, Action<LoggerSinkConfiguration> target, bool isCompactConsole = false)
    {
        var configured = configuration.GetSection("Serilog:WriteTo").Exists();
        var root = Levels(configuration);
        var access = Levels(configuration);
        if (!configured)
        {
            root.WriteTo.Async(target, QueueLength, blockWhenFull: false);
            target(access.WriteTo);
        }

        return new GatewayLogging(root.CreateLogger(), access.CreateLogger(), isCompactConsole && !configured);
    }

    /// <summary>Writes what waits and ends the writers.</summary>
    public void Dispose()
    {
        _access.Dispose();
        _root.Dispose();
    }

    private static LogEventLevel Lowest(IConfiguration configuration)
    {
        var section = configuration.GetSection("Serilog:MinimumLevel");
        return section.GetSection("Override").GetChildren().Select(static child => child.Value).Append(section["Default"] ?? section.Value)
            .Select(static value => Enum.TryParse<LogEventLevel>(value, ignoreCase: true, out var level) ? level : LogEventLevel.Information)
            .Append(LogEventLevel.Information).Min();
    }

    private static LoggerConfiguration Levels(IConfiguration configuration)
    {
        var levels = new LoggerConfiguration().MinimumLevel.Information().ReadFrom.Configuration(configuration);
        foreach (var source in Capped)
        {
            levels.MinimumLevel.Override(source, LogEventLevel.Warning);
        }

        return levels.Enrich.FromLogContext().Filter.ByExcluding(IsCapped).Filter.ByExcluding(IsTold).Filter.ByExcluding(new ForwardingNoise().IsMore);
    }

    // How a broken answer is ended, not a failure of the gateway; the access log tells of it.
    private static bool IsTold(LogEvent log) => log.Exception is AnswerCutException;

    // A configured override for a longer name (Yarp.ReverseProxy.Forwarder) outranks the shorter one above; this does not let it through.
    private static bool IsCapped(LogEvent log) =>
        log.Level < LogEventLevel.Warning
        && log.Properties.TryGetValue(Constants.SourceContextPropertyName, out var value)
        && value is ScalarValue { Value: string source }
        && Array.Exists(Capped, prefix => source.StartsWith(prefix, StringComparison.Ordinal) && (source.Length == prefix.Length || source[prefix.Length] == '.'));
}
