using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using BlazeGateway.Policies;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace BlazeGateway.Configuration.Strict;

/// <summary>Reads shapes off .NET types: YARP's records and our options. The range attributes of ours become rules.</summary>
internal static class ShapeReader
{
    // Kestrel and YARP give these to timers, which throw from 49.7 days on, or add them to timestamps. YARP's other times are those of cookies.
    private static readonly Type[] Timed =
        [typeof(KestrelServerLimits), typeof(MinDataRate), typeof(RouteConfig), typeof(ForwarderRequestConfig), typeof(ActiveHealthCheckConfig), typeof(PassiveHealthCheckConfig)];

    private static readonly TimeSpan LongestTimed = TimeSpan.FromDays(24);

    public static ObjectShape ReadObject(Type type, IReadOnlyCollection<string>? except = null, IEnumerable<ShapeMember>? more = null) =>
        new(Members(type).Where(member => except?.Contains(member.Name, StringComparer.Ordinal) != true).Concat(more ?? []));

    private static IEnumerable<ShapeMember> Members(Type type) =>
        from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.GetIndexParameters().Length == 0 && IsConfigurable(property)
        orderby property.MetadataToken
        select new ShapeMember(property.Name, Read(property))
        {
            Required = property.GetCustomAttribute<RequiredAttribute>() is not null && IsEmptyByDefault(property),
            DocumentationId = $"P:{property.DeclaringType!.FullName}.{property.Name}",
        };

    private static bool IsConfigurable(PropertyInfo property) =>
        !property.PropertyType.IsAssignableTo(typeof(Delegate))
        && (property.SetMethod?.IsPublic == true || (property.PropertyType.IsClass && property.PropertyType != typeof(string))
            || property.DeclaringType!.GetConstructors().Any(constructor =>
                constructor.GetParameters().Any(parameter => string.Equals(parameter.Name, property.Name, StringComparison.OrdinalIgnoreCase))));

    private static bool IsEmptyByDefault(PropertyInfo property)
    {
        var value = property.GetValue(Activator.CreateInstance(property.DeclaringType!));
        return value is null or "";
    }

    private static Shape Read(PropertyInfo property) => Read(property.PropertyType, property);

    private static Shape Read(Type type, PropertyInfo? property)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (ReadScalar(type, property) is { } scalar)
        {
            return scalar;
        }

        if (MapValue(type) is { } value)
        {
            var each = property?.GetCustomAttribute<EachInRangeAttribute>() is { } range
                ? new ScalarShape(ScalarKind.Integer) { Minimum = range.Least, Maximum = range.Most }
                : Read(value, null);
            return new MapShape(each, caseSensitive: IsOrdinal(property));
        }

        return ItemOf(type) is { } item ? new ListShape(Read(item, null)) : ReadObject(type);
    }

    private static Shape? ReadScalar(Type type, PropertyInfo? property)
    {
        if (type == typeof(System.Security.Authentication.SslProtocols))
        {
            return new ListShape(new ScalarShape(ScalarKind.Text) { Values = Enum.GetNames(type) });
        }

        if (type.IsEnum)
        {
            return new ScalarShape(ScalarKind.Text) { Values = Enum.GetNames(type) };
        }

        if (type == typeof(Version))
        {
            return new ScalarShape(ScalarKind.Text) { Pattern = @"^\d{1,3}(\.\d{1,3})?$", PatternRule = "it must be a version such as \"2\" or \"1.1\"" };
        }

        if (type == typeof(TimeSpan))
        {
            var ours = property?.DeclaringType?.Namespace?.StartsWith("BlazeGateway", StringComparison.Ordinal) == true;
            var range = property?.GetCustomAttribute<RangeAttribute>();
            var mayBeZero = range is { Minimum: "00:00:00" };
            return new ScalarShape(ScalarKind.Duration)
            {
                Shortest = range is null ? null : TimeSpan.Parse((string)range.Minimum, CultureInfo.InvariantCulture),
                Longest = range is not null ? TimeSpan.Parse((string)range.Maximum, CultureInfo.InvariantCulture) : Timed.Contains(property?.DeclaringType) ? LongestTimed : null,
                Pattern = !ours ? ScalarShape.DurationPattern : mayBeZero ? ScalarShape.UnsignedDurationPattern : ScalarShape.PositiveDurationPattern,
            };
        }

        if (type == typeof(DateTimeOffset))
        {
            return new ScalarShape(ScalarKind.Moment) { Pattern = ScalarShape.MomentPattern };
        }

        if (type == typeof(Uri))
        {
            return new ScalarShape(ScalarKind.Text) { Pattern = @"^https?://\S+$", IsAddress = true };
        }

        return Type.GetTypeCode(type) switch
        {
            TypeCode.String => Text(property),
            TypeCode.Boolean => new ScalarShape(ScalarKind.Boolean),
            TypeCode.Byte or TypeCode.Int16 or TypeCode.Int32 or TypeCode.Int64 => Number(ScalarKind.Integer, type, property),
            TypeCode.Single or TypeCode.Double or TypeCode.Decimal => Number(ScalarKind.Number, type, property),
            _ => null,
        };
    }

    private static ScalarShape Text(PropertyInfo? property) => new(ScalarKind.Text)
    {
        MinLength = property?.GetCustomAttribute<StringLengthAttribute>()?.MinimumLength ?? (property?.GetCustomAttribute<RequiredAttribute>() is null ? null : 1),
        MaxLength = property?.GetCustomAttribute<StringLengthAttribute>()?.MaximumLength,
        Pattern = property?.GetCustomAttribute<RegularExpressionAttribute>()?.Pattern,
        PatternRule = property?.GetCustomAttribute<RegularExpressionAttribute>()?.ErrorMessage,
        Values = property?.GetCustomAttribute<AllowedValuesAttribute>()?.Values.OfType<string>().ToArray(),
    };

    private static ScalarShape Number(ScalarKind kind, Type type, PropertyInfo? property)
    {
        var range = property?.GetCustomAttribute<RangeAttribute>();
        return new ScalarShape(kind)
        {
            Minimum = range is not null ? Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture) : type == typeof(int) ? int.MinValue : null,
            Maximum = range is not null ? Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture) : type == typeof(int) ? int.MaxValue : null,
        };
    }

    private static bool IsOrdinal(PropertyInfo? property) => property is not null && Comparer(property) is { } comparer && !comparer.Equals("a", "A");

    private static IEqualityComparer<string>? Comparer(PropertyInfo property)
    {
        if (property.DeclaringType!.GetConstructor(Type.EmptyTypes) is null)
        {
            return null;
        }

        var map = property.GetValue(Activator.CreateInstance(property.DeclaringType));
        return map?.GetType().GetProperty("Comparer")?.GetValue(map) as IEqualityComparer<string>;
    }

    private static Type? MapValue(Type type) =>
        Interfaces(type).Where(static i => i.IsGenericType && (i.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>) || i.GetGenericTypeDefinition() == typeof(IDictionary<,>)))
            .Select(static i => i.GetGenericArguments()[1]).FirstOrDefault();

    private static Type? ItemOf(Type type) =>
        Interfaces(type).Where(static i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IEnumerable<>))
            .Select(static i => i.GetGenericArguments()[0]).FirstOrDefault();

    private static IEnumerable<Type> Interfaces(Type type) => type.IsInterface ? type.GetInterfaces().Prepend(type) : type.GetInterfaces();
}
