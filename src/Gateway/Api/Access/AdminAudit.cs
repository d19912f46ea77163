using Microsoft.Extensions.Primitives;

namespace BlazeGateway.Api.Access;

/// <summary>
/// One log event per request that would change something, done or refused, in the category <c>BlazeGateway.Audit</c>. Names, roles and codes only:
/// no token, no body, and of a path nothing but the values of its parameters.
/// </summary>
internal sealed partial class AdminAudit(ILoggerFactory logs)
{
    public const string Category = "BlazeGateway.Audit";

    private const int ShownLength = 64;
    private readonly ILogger _log = logs.CreateLogger(Category);

    /// <summary>Writes the event of a request; does nothing for one that only reads.</summary>
    /// <param name="context">The request.</param>
    /// <param name="error">What it was answered with instead of an answer of its own.</param>
    /// <param name="isOver">False when it broke off, so that nobody knows what came of it.</param>
    public void Write(HttpContext context, AdminError? error, bool isOver)
    {
        var method = context.Request.Method;
        if (HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method))
        {
            return;
        }

        var action = context.GetEndpoint()?.Metadata.GetMetadata<AdminAction>();
        var caller = AdminTokenHandler.CallerOf(context) ?? new AdminCaller("anonymous", AdminRole.Anyone);
        var status = isOver ? context.Response.StatusCode : StatusCodes.Status499ClientClosedRequest;
        var result = !isOver ? "broken_off" : error?.Code ?? (status < 400 ? "done" : "failed");
        Log.Request(
            _log,
            status < 400 ? LogLevel.Information : LogLevel.Warning,
            caller.Name,
            caller.Role.ToString().ToLowerInvariant(),
            Address(context),
            action?.Action ?? "none",
            action is null ? "none" : Target(action, context.Request.RouteValues),
            result,
            status);
    }

    private static string Target(AdminAction action, RouteValueDictionary values) => values.Count == 0
        ? action.Target
        : $"{action.Target} {string.Join('/', values.Select(static pair => Shown(pair.Value as string ?? "")))}";

    private static string Shown(string value)
    {
        var segment = new StringSegment(value, 0, Math.Min(value.Length, ShownLength));
        return string.Create(segment.Length, segment, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
            {
                target[i] = char.IsAsciiLetterOrDigit(source[i]) || source[i] is '.' or '_' or '-' or ':' or '@' ? source[i] : '?';
            }
        });
    }

    private static string Address(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        return (address?.IsIPv4MappedToIPv6 == true ? address.MapToIPv4() : address)?.ToString() ?? "none";
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Message = "{Who} ({Role}) from {Address}: {Action} {Target}: {Result} {Status}")]
        public static partial void Request(ILogger logger, LogLevel level, string who, string role, string address, string action, string target, string result, int status);
    }
}
